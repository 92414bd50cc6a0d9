"""Stands in for Bots where it cannot be installed (it is not on the package index for Django 4): an app with the
modules that config/settings.py names, and models for the four tables that the startup check looks for."""
