"""The demonstration: invented shops, and workers that send what real ones would, mistakes included."""
