"""Whether a log is fit for use before any model is built. It looks at a file alone, and knows of no world."""

from environments.log_check.check import check_log
from environments.log_check.finding import Column, Finding, LogReport, Severity
from environments.log_check.names import Asked

__all__ = ["Asked", "Column", "Finding", "LogReport", "Severity", "check_log"]
