"""The example that people copy is the one that is tested."""

from pathlib import Path

CLIENT = Path(__file__).parents[3] / "libs/client"


def test_the_main_readme_prints_the_bots() -> None:
    """They are those that tests/integration/dispatcher/test_door_bots.py runs, and have 20 lines."""
    printed = (CLIENT.parents[1] / "README.md").read_text("utf-8")
    python, shell = ((CLIENT / "example" / name).read_text("utf-8") for name in ("bot.py", "bot.sh"))
    assert f"```python\n{python}```" in printed
    assert f"```bash\n{shell}```" in printed
    body = python[python.index("async def main") :]
    assert all(len([line for line in text.splitlines() if line.strip()]) <= 20 for text in (body, shell))


def test_the_readme_prints_the_example() -> None:
    example = (CLIENT / "example/holder.py").read_text("utf-8")
    assert f"```python\n{example}```" in (CLIENT / "README.md").read_text("utf-8")
