"""Outlays as operations on columns: what the loops of `outlays` have to equal."""

import numpy as np

from jiqun.model.accounting import covers


def financed(cash, cash_flow, repaid, buffer, outlays, bank_share):
    """Own funds, and what banks and owners are asked for."""
    upkeep, digital, green, lump = outlays
    outlay = upkeep + digital + green + lump
    funds = np.maximum(cash + cash_flow - repaid - buffer, 0.0)
    gap = np.maximum(outlay - funds, 0.0)
    return funds, bank_share * gap, (1.0 - bank_share) * gap


def bought(means, outlays, buys):
    """Who upgrades, what is bought, and what it is paid with."""
    funds, long, owners = means
    upkeep, digital_cost, green_cost, planned = outlays
    available = funds + long + owners - upkeep
    stage_up = buys[0] & covers(available, digital_cost)
    available = available - digital_cost * stage_up
    green_up = buys[1] & covers(available, green_cost)
    available = available - green_cost * green_up
    lump = np.minimum(planned, np.maximum(available, 0.0))
    plant = upkeep + lump
    upgrades = digital_cost * stage_up + green_cost * green_up
    spent = plant + upgrades
    drawn = np.minimum(long, spent)
    brought = np.clip(spent - funds - drawn, 0.0, owners)
    upgraded = digital_cost * stage_up, green_cost * green_up
    return (stage_up, green_up), (lump, *upgraded), (spent, drawn, brought)


def embodied_gain(investment, capital, gain):
    """Gain in log productivity from new equipment."""
    return gain * investment / np.maximum(capital + investment, 1.0)


def technique(now, bought, plant, new):
    """Technique after plant was bought, given that of new plant."""
    return now + bought / np.maximum(plant + bought, 1.0) * (new - now)


def paid_out(received, repaid, spent, buffer, profit, payout, excess):
    """Cash, dividends and overdraft."""
    held, cash_flow, grant, long, short, owners = received
    dividend = payout * np.maximum(profit, 0.0)
    cash = held + cash_flow + grant + long + short + owners - repaid - spent
    dividend = np.minimum(dividend, np.maximum(cash - buffer, 0.0))
    dividend += excess * np.maximum(cash - dividend - 3.0 * buffer, 0.0)
    cash -= dividend
    overdraft = np.maximum(-cash, 0.0)
    return cash + overdraft, dividend, overdraft
