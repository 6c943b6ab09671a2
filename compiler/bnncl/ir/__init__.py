"""The intermediate representation: types, values, graphs, programs, and their verifier and printer."""
