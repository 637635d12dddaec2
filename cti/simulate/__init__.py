"""The simulator: the centre's own `Acd` on a made-up or remembered day, and the figures of that day.

`scenario` says what an admin may write, `distributions` and `customers` draw who comes and how long he stays, `world`
plays everything that is not the ACD, `figures` counts facts, `replications` repeats and compares, `fitted` learns a
scenario from a journal. `cti simulate` (`cti.simulate.commands`), `cti.bench` and tests call it; the running product
does not. No rule of the ACD stands here: what happens is what `Acd.handle` decides.
"""
