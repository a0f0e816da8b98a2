"""What speaks against a drug for this patient: allergies, interactions, contraindications, dose changes."""
