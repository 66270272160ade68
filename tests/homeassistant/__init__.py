"""The integration, through Home Assistant's front doors."""
