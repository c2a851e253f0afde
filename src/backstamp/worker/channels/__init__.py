"""channels: alerts on their way to administrators. A folder for each channel, and one outbox for all.

A channel's folder has one function that sends a notice, and raises `NotDeliveredError`.
"""
