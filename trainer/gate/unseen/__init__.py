"""Pictures to judge the gate on, by a hand that never saw how it learns; held by a hash (`trainer.gate.generators`)."""
