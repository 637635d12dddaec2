"""The centre in force: one record for the life of a process, whatever version it is of.

A `Centre` is frozen, and parts of the engine hold it for as long as they live. When another version comes into force
the record that they hold takes its values over, in one step of the loop: whoever looks next sees the new version whole.
Only `cti.uptake` may do that; what a part computed from the centre at its start is to be renewed there, too.
"""

from cti.config.centre import Centre


def become(standing: Centre, fresh: Centre) -> None:
    """Have the standing centre say what the fresh one says."""
    fields = vars(standing)
    fields.clear()
    fields.update(vars(fresh))
    object.__setattr__(standing, "__pydantic_fields_set__", set(fresh.model_fields_set))
