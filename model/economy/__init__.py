"""Markets, networks, production, finance, investment and turnover of enterprises."""
