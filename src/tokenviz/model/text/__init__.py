"""Between text and token ids: prompts, chats, the bytes of tokens, groups of tokens."""
