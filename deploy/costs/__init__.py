"""What an installation on AWS costs a month: quantities of the templates times a list of prices."""
