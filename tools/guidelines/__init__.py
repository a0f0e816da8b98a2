"""Guidelines as tools: recommendations matched against the patient's facts, and a search over passages."""
