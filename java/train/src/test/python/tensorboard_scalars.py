"""Prints step and value of loss/test in a folder of event files, as TensorBoard reads them."""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1])
events.Reload()
for scalar in events.Scalars("loss/test"):
    print(scalar.step, scalar.value)
