"""How likely a missense change is to harm, from the protein's sequence."""
