"""What is asked: a prompt, targets, features, and the options of a method."""
