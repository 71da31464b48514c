"""Loans as operations on columns: what the loops of `credit` have to equal."""

import numpy as np

from jiqun.model.accounting import covers


def working(revenue, owed, room, long, line, chain, drawn, share, speed):
    """Change of short loans wanted and asked for, and new loans beside long ones."""
    usual = share * revenue
    owing = chain * usual
    more = speed * (usual + owing - owed)
    short = np.minimum(more, np.maximum(room - long - line, 0.0) + owing)
    return more, short, np.maximum(short, 0.0) + drawn


def grant(loans, wishes, granted, counts):
    """Long loans and change of short ones; the year's counts are written to."""
    (long, line, short, raised), (wanted, more) = loans, wishes
    bound, year_asked, year_granted = counts
    bound[~covers(long + line + short, wanted + more)] = 1.0
    year_asked += long + line + raised
    year_granted += granted * (long + raised) + line
    return long * granted + line, np.where(short > 0.0, granted * short, short)


def wishes(room_of, gap, lump, share):
    """Room under the limit, and long loans wanted."""
    limit, short, long, repaid = room_of
    return limit - short - long + repaid, np.maximum(gap, share * lump)


def debtors(books, titles, never):
    """Debt over plant, and who holds a title."""
    short, long, capital = books
    titled = (titles[0] > never) | (titles[1] > never) | (titles[2] > never)
    return np.minimum((short + long) / np.maximum(capital, 1.0), 2.0), titled


def owe(debts, lent, repaid, left):
    """Debts after what is lent and repaid."""
    (short, long, line, covered), (more, new, under_line, bridged) = debts, lent
    moved = line * left + np.minimum(under_line, new)
    return short + more, long + new + bridged - repaid, moved, covered * left
