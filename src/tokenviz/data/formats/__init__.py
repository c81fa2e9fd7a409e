"""What files hold: each kind of data as a header (JSON) and arrays, and back."""
