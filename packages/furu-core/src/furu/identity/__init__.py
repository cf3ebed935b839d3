"""Pure keys: what makes two configs the same artifact."""
