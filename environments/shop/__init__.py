"""The storefront: personas who visit day by day, what they are sold, and how they take it.

described by    scenario.py, of persona, features, catalogue, objective and changes; read by scenario_file.py
drawn           calendar.py says who comes; luck.py what a world asks of luck; draws.py, or daily_draws.py, draw it
worth           utility.py, truth.py and worth.py: expectations; rewards.py: what an objective pays for them
lived           shop_floor.py is the world; serving.py and lifecycle.py are its compiled loops
run             storefront.py is the environment
"""
