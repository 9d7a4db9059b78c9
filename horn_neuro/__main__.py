"""``python -m horn_neuro``."""

from horn_neuro.experiment.command import main

main()
