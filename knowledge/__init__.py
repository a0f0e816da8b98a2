"""Guidelines, reference tables and the vocabulary of facts. Nothing here is about a patient."""
