"""Log-probabilities, rollouts and attributions of others: one file per producer."""
