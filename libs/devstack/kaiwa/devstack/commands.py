"""`kaiwa stack up|down|status`: Kafka and PostgreSQL alone, until `down`."""

import shlex

import typer

from kaiwa.devstack import artifacts, kafka, postgres, standing
from kaiwa.devstack.stack import KAFKA_VARIABLE, POSTGRES_VARIABLE
from kaiwa.devstack.standing import Place, State
from kaiwa.runtime.cli import Failure, Json, emit

stack = typer.Typer(
    help="A real Kafka and a real PostgreSQL on this machine, without Docker.", no_args_is_help=True
)


@stack.command()
def up(*, as_json: Json = False) -> None:
    """Start both and leave them running; prints the variables that lead to them, for `eval "$(kaiwa stack up)"`."""
    place = Place.of()
    artifacts.ensure()  # here, where its progress is seen
    with place.one_at_a_time():
        state = place.read()
        already = state is not None
        state = state or standing.start(place)
    if already:
        typer.echo("The stack is up already.", err=True)
    emit(
        {"up": True, "already": already, "environment": state.environment},
        as_json=as_json,
        table=_exports(state),
    )


@stack.command()
def down(*, as_json: Json = False) -> None:
    """End both and remove their data."""
    place = Place.of()
    with place.one_at_a_time():
        state = place.read()
        if state is not None:
            standing.stop(place, state)
    said = "The stack was not up." if state is None else "The stack is down and its data removed."
    emit({"up": False, "was_up": state is not None}, as_json=as_json, table=said)


@stack.command()
def status(*, as_json: Json = False) -> None:
    """Say whether both are up and answer; exit code 1 when they do not."""
    state = Place.of().read()
    if state is None:
        emit({"up": False}, as_json=as_json, table="The stack is down: `kaiwa stack up` starts it.")
        raise typer.Exit(1)
    port = int(state.environment[KAFKA_VARIABLE].rpartition(":")[2])
    answers = {
        "kafka": kafka.answers(port),
        "postgres": postgres.answers(state.environment[POSTGRES_VARIABLE]),
    }
    emit({"up": True, **answers, "environment": state.environment}, as_json=as_json, table=_exports(state))
    silent = [name for name, answer in answers.items() if not answer]
    if silent:
        raise Failure(f"no answer from {' and '.join(silent)}: run `kaiwa stack down`, then `kaiwa stack up`")


def _exports(state: State) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in state.environment.items())
