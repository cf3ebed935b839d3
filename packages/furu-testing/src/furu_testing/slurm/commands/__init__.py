"""The commands, one module each; they are started as programs and imported by nothing else."""
