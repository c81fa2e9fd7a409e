"""F, from a prompt's embeddings to scores of targets, with its derivatives: how it is computed."""
