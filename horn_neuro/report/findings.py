"""The numbers of a report as a table."""

import pandas as pd

__all__ = ["findings_table"]


def findings_table(rows):
    """Return estimates as a tidy table, a row for each.

    Parameters
    ----------
    rows : dict of str to Estimate
        Numbers by name.

    Returns
    -------
    table : pandas.DataFrame
        Index "quantity"; columns value, low and high (of the 95 % interval), unit, n, p_value
        and at_floor, as of `horn_neuro.analysis.Estimate`, each empty where there is none.

    Examples
    --------
    >>> from horn_neuro import analysis, report
    >>> share = analysis.proportion([True] * 8 + [False] * 2)
    >>> print(report.findings_table({"labels that agree": share}).round(2).to_csv(), end="")
    quantity,value,low,high,unit,n,p_value,at_floor
    labels that agree,0.8,0.49,0.94,,10,,
    """
    kinds = {
        **dict.fromkeys(("value", "low", "high"), "float64"),
        **{"unit": "object", "n": "Int64", "p_value": "float64", "at_floor": "boolean"},
    }
    columns = {
        name: pd.array([getattr(row, name) for row in rows.values()], dtype=kind)
        for name, kind in kinds.items()
    }
    return pd.DataFrame(columns, index=pd.Index(list(rows), name="quantity"))
