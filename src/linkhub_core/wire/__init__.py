"""JSON to model and back: events with their envelopes and intake rules, products, and the parameters of reads."""
