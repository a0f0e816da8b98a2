"""Does the agent say the same of a case that is put differently?"""
