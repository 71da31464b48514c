/* The rules in C. world.h is written when this is compiled: the columns, terms and draws.

The world is copied to the stack, so that a store to a column cannot change a term; and no column
overlaps another, which the pragmas say. Both are what lets loops vectorise. */

#include <math.h>
#include <stdint.h>
#include "world.h"

#define EACH(i, n) _Pragma("GCC ivdep") for (int64_t i = 0; i < (n); i++)
#define MOST_FIELDS 64

static const double LEAST_COST = 0.05, MOST_STARTS = 0.9, YUAN = 1.0;

static inline double least(double a, double b) { return a < b ? a : b; }
static inline double most(double a, double b) { return a > b ? a : b; }
static inline double between(double x, double a, double b) { return least(most(x, a), b); }

static inline double uniform(int64_t id, uint64_t key) {
    uint64_t x = (uint64_t)id * 0x9E3779B97F4A7C15u + key;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return ((double)(int64_t)((x ^ (x >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static inline double laplace(int64_t id, uint64_t key) {
    double u = uniform(id, key) - 0.5;
    return copysign(log1p(-2.0 * fabs(u)), u);
}

void market(const struct world *given) {
    const struct world w = *given;
    const int64_t n = w.rows, fields = w.fields;
    double own[MOST_FIELDS] = {0}, asked[MOST_FIELDS] = {0}, cut[MOST_FIELDS] = {0};
    double open[MOST_FIELDS], free[MOST_FIELDS] = {0}, more[MOST_FIELDS];
    double *mass = w.scratch, *wanted = mass + n, *ceiling = wanted + n;
    EACH(i, n) {
        double able = w.productivity[i] + w.appeal[i];
        able = exp(w.size_level[i] + w.size_noise[i] + (w.sigma - 1.0) * able);
        mass[i] = able * exp((1.0 - w.sigma) * w.cost_passed * w.unit_cost[i]);
    }
    for (int64_t i = 0; i < n; i++)
        own[w.field[i]] += w.weight[i] * mass[i];
    for (int64_t f = 0; f < fields; f++)
        open[f] = w.demand[f] / (own[f] + w.outside_mass[f]);
    EACH(i, n) {
        double passed = w.revenue[i] * w.demand_growth[w.field[i]];
        wanted[i] = passed + w.share_adjustment * (mass[i] * open[w.field[i]] - passed);
        double normal = w.plant_price[w.field[i]] * w.capital[i] / most(w.capital_rate[i], 1e-9);
        double ratio = 4.0 * normal / most(w.expected_revenue[i], 1.0);
        ratio = between(ratio, w.plant_ratio_least, w.plant_ratio_most);
        w.plant_ratio[i] = w.running_up[i] ? 1.0 : ratio;
        ceiling[i] = w.plant_ceiling * (normal / w.normal_utilisation);
    }
    for (int64_t i = 0; i < n; i++) {
        double full = most(wanted[i] - ceiling[i], 0.0);
        asked[w.field[i]] += w.weight[i] * wanted[i];
        cut[w.field[i]] += w.weight[i] * full;
        free[w.field[i]] += full > 0.0 ? 0.0 : w.weight[i] * wanted[i];
    }
    for (int64_t f = 0; f < fields; f++)
        more[f] = 1.0 + cut[f] / most(most(w.demand[f] - asked[f], 0.0) + free[f], 1.0);
    EACH(i, n) {
        w.revenue[i] = least(wanted[i] * more[w.field[i]], ceiling[i]);
        double met = most(wanted[i], w.revenue[i]);
        w.expected_revenue[i] += w.expectation_speed * (4.0 * met - w.expected_revenue[i]);
    }
}

void production(const struct world *given) {
    const struct world w = *given;
    EACH(i, w.rows) {
        int64_t field = w.field[i];
        double revenue = w.revenue[i], value_added = w.va_rate[i] * revenue;
        double real = (value_added + w.vat_on_top * value_added) / w.price[field];
        double net = value_added - least(w.dearer[field] * (revenue - value_added),
                                         0.5 * value_added);
        double bill = w.energy_technique[i] * real * w.energy_cost;
        double energy = most(w.energy_per_va[i] - w.energy_saved[i], 0.0) * bill;
        double materials = revenue - net - w.energy_saved[i] * bill - energy;
        double needed = w.labour_need[i] * 4.0 * real / w.labour_saved[field];
        double staff = w.employees[i];
        staff += w.labour_adjustment * (needed * w.labour_per_output[i] - staff);
        double vat = w.vat_on_top * net, wages = staff * w.wage[i] * (w.wage_level / 4.0);
        double depreciation = w.capital_depreciation * w.capital[i] / 4.0;
        double interest = w.rate[i] * (w.debt_short[i] + w.debt_long[i]) / 4.0;
        double charges = (w.surcharge_share + w.service_share) * (net + vat);
        double costs = materials + energy + charges + wages + interest + depreciation + w.rd[i];
        double profit = revenue - costs;
        double claims = w.deduction[i] * w.claimed[i] * w.rd_reported[i];
        double rate = w.high_tech[i] ? w.tax_high_tech : w.tax_ordinary;
        double gross = most(profit, 0.0), used_up = least(w.losses[i], gross);
        double taken = least(claims, gross - used_up), base = gross - used_up - taken;
        double yearly = 4.0 * base, first = least(yearly, w.small_first_limit);
        double reduced = (w.small_first * first + w.small_rest * (yearly - first)) / 4.0;
        int small = (staff <= 300.0) & (yearly <= w.small_limit);
        double tax = small ? least(reduced, base * rate) : base * rate;
        int bears = profit > claims;
        double extra = bears ? w.deduction[i] * w.claimed[i] : 0.0;
        double start = w.rd_cost_start[2 * w.high_tech[i] + bears];
        double ratio = (1.0 - rate * (1.0 + extra)) / (1.0 - rate) / start;
        w.value_added[i] = revenue + vat - materials - energy;
        w.value_added_real[i] = real;
        w.employees[i] = staff;
        w.profit[i] = profit;
        w.losses[i] += most(-profit, 0.0) + (claims - taken) - used_up;
        w.rd_cost_ratio[i] = most(ratio, LEAST_COST);
        w.reward[i] = rate * extra;
        w.profit_after_tax[i] = profit - tax;
        w.cash_flow[i] = profit - tax + depreciation;
    }
}

void finance(const struct world *given) {
    const struct world w = *given;
    const double log_400 = log(400.0);
    EACH(i, w.rows) {
        double capital = w.capital[i], revenue = w.expected_revenue[i];
        double gap = w.capital_rate[i] * revenue - capital, missing = most(gap, 0.0);
        double hazard = w.review_rate * (1.0 + missing / most(capital, 1.0));
        double trigger = w.trigger_low
            + (w.trigger_high - w.trigger_low) * uniform(w.id[i], w.keys[TRIGGER]);
        int fills = (uniform(w.id[i], w.keys[REVIEW]) < hazard) & (gap > trigger * capital);
        int keeps = (uniform(w.id[i], w.keys[UPKEEP]) < w.upkeep_chance) & !fills;
        double lump = fills ? gap : 0.0;
        double upkeep = keeps ? least(0.5 * w.capital_depreciation * capital, missing) : 0.0;

        double repaid = w.debt_long[i] / (4.0 * w.loan_term), buffer = w.cash_share * revenue;
        double had = w.cash[i] + w.cash_flow[i] - repaid;
        double funds = most(had - buffer, 0.0), short_of = most(upkeep + lump - funds, 0.0);
        double owners = (1.0 - w.bank_share) * short_of;
        double small = between(log(4e8 / most(revenue, 1e6)) / log_400, 0.0, 1.0);
        double on_plant = w.limit_capital * capital;
        on_plant += w.limit_profit * most(4.0 * w.profit[i], 0.0);
        double limit = (1.0 - w.limit_small * small) * on_plant;
        limit += w.limit_knowledge * w.knowledge[i];
        double room = limit - w.debt_short[i] - w.debt_long[i] + repaid;
        double wanted = most(w.bank_share * short_of, w.debt_share * lump);
        double loan = least(wanted, most(room, 0.0));
        double more = w.working_speed * (w.short_share * revenue - w.debt_short[i]);
        double change = least(more, most(room - loan, 0.0)), raised = most(change, 0.0);
        w.year_bound[i] = wanted + more < loan + change + YUAN ? w.year_bound[i] : 1.0;
        w.year_asked[i] += loan + raised;
        w.year_granted[i] += w.granted * (loan + raised);
        loan *= w.granted;
        change = change > 0.0 ? w.granted * change : change;

        lump = least(lump, most(funds + loan + owners - upkeep, 0.0));
        double spent = upkeep + lump;
        loan = least(loan, spent);
        owners = least(most(spent - funds - loan, 0.0), owners);
        double in_hand = had + loan + change + owners - spent;
        double usual = least(w.payout * most(w.profit_after_tax[i], 0.0),
                             most(in_hand - buffer, 0.0));
        double rest = in_hand - usual;
        rest -= w.excess_payout * most(rest - 3.0 * buffer, 0.0);
        double debt_short = w.debt_short[i] + change + most(-rest, 0.0);
        double debt_long = w.debt_long[i] + loan - repaid;
        capital += spent - w.capital_depreciation / 4.0 * capital;
        double leverage = least((debt_short + debt_long) / most(capital, 1.0), 2.0);
        double rate = w.base_rate + w.rate_size_spread * (small - 0.35)
            + w.rate_leverage_spread * (leverage - 0.27);
        w.cash[i] = most(rest, 0.0);
        w.debt_short[i] = debt_short;
        w.debt_long[i] = debt_long;
        w.capital[i] = capital;
        w.rate[i] = between(rate - w.title_discount * w.titled[i], 0.01, 0.15);
    }
}

/* Weight of the members of each pool, and of those who do something. */
static void count(const struct world *w, double *members, double *doers, const double *doing) {
    for (int64_t k = 0; k < w->pools; k++)
        members[k] = doers[k] = 0.0;
    for (int64_t i = 0; i < w->rows; i++) {
        members[w->pool[i]] += w->weight[i];
        doers[w->pool[i]] += w->weight[i] * doing[i];
    }
}

static inline double peers(double members, double doers, double doing) {
    return between((doers - doing) / most(members - 1.0, 1.0), 0.0, 1.0);
}

void digital(const struct world *given) {
    const struct world w = *given;
    const int64_t n = w.rows;
    double members[w.pools], doers[w.pools], *doing = w.scratch, *hazard = doing + n;
    int64_t some = 0, *rows = w.places;
    EACH(i, n) doing[i] = w.digital_stage[i] >= 1;
    count(&w, members, doers, doing);
    EACH(i, n) {
        int64_t pool = w.pool[i];
        double share = peers(members[pool], doers[pool], doing[i]);
        hazard[i] = least(w.p_ext + w.q_peer * share, 1.0) / 4.0;
        hazard[i] -= uniform(w.id[i], w.keys[DIGITAL_THOUGHT]);
    }
    for (int64_t i = 0; i < n; i++) {
        rows[some] = i;
        some += (hazard[i] > 0.0) & (w.digital_stage[i] < 4);
    }
    EACH(k, some) {
        int64_t i = rows[k];
        double size = w.expected_revenue[i] / w.price_level / 100e6;
        double cost = w.digital_fixed + w.digital_share * 100e6 * pow(size, w.digital_power);
        cost *= w.price_level * (1.0 + 0.3 * (double)w.digital_stage[i]);
        double seen = exp(w.digital_spread * laplace(w.id[i], w.keys[DIGITAL_VIEW]));
        double gain = w.digital_perceived * 4.0 * w.value_added[i] * seen;
        w.digital_stage[i] += gain > w.digital_hurdle * cost;
    }
    const double speed = 1.0 - pow(1.0 - 1.0 / w.digital_lag_ratio, 0.25);
    EACH(i, n) {
        double full = w.phi_D * (double)w.digital_stage[i] / 4.0;
        double step = speed * (full - w.digital_gain[i]);
        w.digital_gain[i] += step;
        w.productivity[i] += step;
    }
}

void innovation(const struct world *given) {
    const struct world w = *given;
    const int64_t n = w.rows;
    double before[w.pools], done[w.pools], *own_before = w.scratch;
    const double kept = 1.0 - w.delta_K / 4.0, chance = w.shock_chance, scale = w.level_shock;
    for (int64_t k = 0; k < w.pools; k++)
        done[k] = 0.0;
    EACH(i, n) {
        own_before[i] = w.knowledge[i];
        w.knowledge[i] = own_before[i] * kept + w.rd[i] / w.price_level;
    }
    for (int64_t i = 0; i < n; i++)
        done[w.pool[i]] += w.weight[i] * (w.rd[i] / w.price_level);
    for (int64_t k = 0; k < w.pools; k++) {
        before[k] = w.pool_knowledge[k];
        w.pool_knowledge[k] = before[k] * kept + done[k];
    }
    const double mean = log(1.0 - chance + chance / (1.0 - scale * scale / chance));
    EACH(i, n) {
        double floor = w.knowledge_floor[i];
        double learnt = log((w.knowledge[i] + floor) / (own_before[i] + floor));
        double others = most(before[w.pool[i]] - own_before[i], 0.0) + w.pool_floor;
        double now = most(w.pool_knowledge[w.pool[i]] - w.knowledge[i], 0.0) + w.pool_floor;
        double spill = between(log(now / others), -w.spill_most, w.spill_most);
        double able = w.rd_active[i] ? 1.0 : w.absorb_without;
        able = w.rd_institution[i] ? w.absorb_institution : able;
        double gain = w.gamma_RD * learnt + w.spill_RD * able * spill;
        w.productivity[i] += gain + w.gain_of_field[w.field[i]];
        w.size_level[i] -= mean;
        w.size_noise[i] *= 1.0 - w.noise_reversion;
    }
    int64_t *levels = w.places, *noises = levels + n, level = 0, noise = 0;
    double *lots = w.scratch;
    EACH(i, n) lots[i] = uniform(w.id[i], w.keys[LEVEL_COMES]);
    for (int64_t i = 0; i < n; i++) {
        levels[level] = i;
        level += lots[i] < chance;
    }
    EACH(i, n) lots[i] = uniform(w.id[i], w.keys[NOISE_COMES]);
    for (int64_t i = 0; i < n; i++) {
        noises[noise] = i;
        noise += lots[i] < chance;
    }
    const double larger = 1.0 / sqrt(chance);
    EACH(k, level) {
        int64_t i = levels[k];
        w.size_level[i] += scale * larger * laplace(w.id[i], w.keys[LEVEL]);
    }
    EACH(k, noise) {
        int64_t i = noises[k];
        double size = between(w.expected_revenue[i] / 50e6, 0.05, 1e4);
        double spread = w.noise * pow(size, -w.noise_size_slope);
        w.size_noise[i] += spread * larger * laplace(w.id[i], w.keys[NOISE]);
    }
}

void research(const struct world *given) {
    const struct world w = *given;
    const int64_t n = w.rows;
    double members[w.pools], doers[w.pools];
    double *doing = w.scratch, *lots = doing + n, *new = lots + n;
    int64_t may = 0, could = 0, some = 0, *rows = w.places, *others = rows + n;
    EACH(i, n) {
        doing[i] = w.rd_active[i];
        lots[i] = uniform(w.id[i], w.keys[RD_START]);
        new[i] = 0.0;
    }
    count(&w, members, doers, doing);
    for (int64_t i = 0; i < n; i++) {
        rows[may] = others[could] = i;
        may += (doing[i] == 0.0) & (lots[i] < MOST_STARTS / 4.0)
            & (w.expected_revenue[i] > w.rd_least_revenue);
        could += (doing[i] == 1.0) & (lots[i] < w.rd_stop / 4.0 * 2.0);
    }
    EACH(k, may) {
        int64_t i = rows[k];
        double revenue = w.expected_revenue[i];
        double size = least(pow(revenue / 100e6, w.rd_start_size_power), 4.0);
        double chance = w.rd_start * size * pow(w.rd_cost_ratio[i], -w.eps_RD);
        chance *= 1.0 + w.rd_peer * peers(members[w.pool[i]], doers[w.pool[i]], 0.0);
        int able = w.cash[i] > w.rd_sunk * w.rd_taste[i] * revenue;
        int starts = (lots[i] < least(chance, MOST_STARTS) / 4.0) & able;
        w.rd_active[i] = new[i] = starts;
    }
    EACH(k, could) {
        int64_t i = others[k];
        double size = pow(w.expected_revenue[i] / 100e6, -w.rd_stop_size_power);
        w.rd_active[i] = !(lots[i] < w.rd_stop / 4.0 * between(size, 0.2, 2.0));
    }
    for (int64_t i = 0; i < n; i++) {
        rows[some] = i;
        some += w.rd_active[i];
        if (!w.rd_active[i])
            w.rd_intensity[i] = w.rd[i] = w.rd_reported[i] = 0.0;
    }
    const double speed = 1.0 - pow(1.0 - w.rd_adjust_speed, 0.25);
    EACH(k, some) {
        int64_t i = rows[k];
        double taste = w.rd_taste[i], revenue = w.expected_revenue[i];
        double aim = w.taste_trend * taste * pow(w.rd_cost_ratio[i], -w.eps_RD);
        double share = w.rd_intensity[i] + speed * (aim - w.rd_intensity[i]);
        share = least(new[i] > 0.0 ? w.rd_start_level * taste : share, w.rd_most);
        double lump = new[i] > 0.0 ? w.rd_sunk * taste * revenue : 0.0;
        double able = w.rd_of_cash * w.cash[i];
        able += w.rd_of_value_added * most(w.value_added[i], 0.0);
        double spent = share * revenue * w.steady[w.field[i]] / 4.0 + lump;
        w.rd_intensity[i] = share;
        w.rd[i] = least(spent, most(able, 0.0));
        w.rd_reported[i] = w.rd[i] * (1.0 + w.relabel_share * w.reward[i] / 0.25);
    }
}
