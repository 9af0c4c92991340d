"""The example that people copy is the one that is tested."""

from pathlib import Path

CLIENT = Path(__file__).parents[3] / "libs/client"


def test_the_readme_prints_the_example() -> None:
    example = (CLIENT / "example/holder.py").read_text("utf-8")
    assert f"```python\n{example}```" in (CLIENT / "README.md").read_text("utf-8")
