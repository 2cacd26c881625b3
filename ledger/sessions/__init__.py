"""Sessions: where somebody is signed in, from the proof of who they are until they sign out."""
