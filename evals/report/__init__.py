"""Tables and pages of evaluation results."""
