"""Hours with two digits, as in the lists; all else as Django has it."""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j E Y г., H:i"
YEAR_MONTH_FORMAT = "F Y"
