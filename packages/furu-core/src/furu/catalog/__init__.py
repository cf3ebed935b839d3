"""The catalog: queries over everything a store holds, answered from an index that can be rebuilt from it."""
