"""The page behind a confirmation code: what became of somebody's request, in their language, and nothing else."""
