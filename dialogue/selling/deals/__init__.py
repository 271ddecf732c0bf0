"""Pipelines, stages and deals: the list, the board, the stage history."""
