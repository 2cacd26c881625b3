"""What a person says of themselves: country, picture, and what they want to be told of."""
