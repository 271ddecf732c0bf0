"""Lists declared once: chosen columns, filters, saved views, search, key paging, totals, bulk edits with undo, export.

A room declares a `ListPage`; this room serves it. The filter is the rule tree of `platform/criteria`.
"""
