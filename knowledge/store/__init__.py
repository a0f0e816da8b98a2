"""The searchable store: passages, embeddings, BM25, Chroma, and the search over them."""
