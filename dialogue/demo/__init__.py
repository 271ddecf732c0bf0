"""The demonstration company: invented customers at example.org, their deals, tasks and dialogue. It never sends outside."""

from dialogue.demo.loading import load

__all__ = ["load"]
