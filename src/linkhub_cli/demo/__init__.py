"""``linkhub demo``: invented shops, and simulated workers that send events as real ones do, mistakes included."""
