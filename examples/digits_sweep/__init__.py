"""A pipeline on scikit-learn's handwritten digits: the example that ``make demo`` runs."""
