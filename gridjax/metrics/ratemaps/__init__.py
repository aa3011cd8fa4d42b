"""Rate maps from positions and activity or spikes."""
