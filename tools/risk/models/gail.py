"""Gail model (BCRAT): absolute risk of invasive breast cancer.

Gail MH et al. J Natl Cancer Inst 1989;81:1879-1886 and Costantino JP et al. 1999;91:1541-1548 (White women);
Gail MH et al. 2007;99:1782-1792 (Black women, CARE); Banegas MP et al. 2017;109:djw215 (Hispanic women);
Matsuno RK et al. 2011;103:951-961 (women of Asian and Pacific ancestry, doi 10.1093/jnci/djr154). Coefficients and
rates as in the National Cancer Institute's BCRAT, version 4.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import Input, Output, RiskModel, Rule, Values
from tools.risk.ops import Number, Ops

# White, Black, Hispanic born in the US, Hispanic born elsewhere; then of Asian and Pacific ancestry: Chinese, Japanese,
# Filipino, Hawaiian, other Pacific islander, other Asian.
# Biopsies, age at menarche, age at first birth, relatives, biopsies from age 50, first birth x relatives.
_BETA = (
    (0.5292641686, 0.0940103059, 0.2186262218, 0.9583027845, -0.2880424830, -0.1908113865),
    (0.1822121131, 0.2672530336, 0.0, 0.4757242578, -0.1119411682, 0.0),
    (0.0970783641, 0.0, 0.2318368334, 0.1666854410, 0.0, 0.0),
    (0.4798624017, 0.2593922322, 0.4669246218, 0.9076679727, 0.0, 0.0),
    *((0.55263612260619, 0.07499257592975, 0.27638268294593, 0.79185633720481, 0.0, 0.0),) * 6,
)
# One minus the attributable risk, below and from age 50.
_BASE = (
    (0.5788413, 0.5788413),
    (0.72949880, 0.74397137),
    (0.749294788397, 0.778215491668),
    (0.428864989813, 0.450352338746),
    *((0.47519806426735, 0.50316401683903),) * 6,
)
# Per 100,000 person-years by five-year band from 20 to 85: breast cancer incidence, and other deaths.
_INCIDENCE = (
    (1.0, 7.6, 26.6, 66.1, 126.5, 186.6, 221.1, 272.1, 334.8, 392.3, 417.8, 443.9, 442.1, 410.9),
    (2.696, 11.295, 31.094, 67.639, 119.444, 187.394, 241.504, 291.112, 310.127, 366.56, 393.132, 408.951, 396.793,
     363.712),
    (1.66, 7.41, 27.40, 60.99, 122.25, 190.27, 231.42, 283.57, 311.44, 307.94, 333.44, 350.82, 253.08, 204.14),
    (1.02, 5.31, 15.78, 36.02, 76.17, 115.99, 141.11, 172.45, 206.19, 236.03, 255.75, 282.27, 282.95, 258.68),
    (0.4059636, 4.5944465, 18.8279352, 49.2930493, 91.3603501, 147.153735, 142.127548, 197.094649, 167.47458,
     182.158107, 183.44772, 191.991197, 223.337107, 224.731578),
    (1e-07, 9.9483924, 28.7041681, 54.5285759, 115.22111, 185.924511, 260.629127, 322.175168, 400.696186, 352.171528,
     359.303829, 358.930308, 353.850716, 205.157291),
    (0.7500161, 8.1073945, 22.7492565, 54.9786433, 112.940054, 181.38738, 222.366564, 268.030927, 289.121923,
     253.442128, 245.715941, 228.661692, 181.480283, 175.087913),
    (4.5080582, 9.8570724, 33.997086, 85.2591429, 166.856276, 255.270328, 332.177405, 537.300178, 523.780855,
     558.173251, 567.741936, 651.340996, 388.945752, 294.906166),
    (1e-07, 7.1525212, 28.8799028, 60.2250698, 75.5579402, 76.6406354, 189.312494, 236.558011, 284.393307,
     292.092173, 233.039565, 203.629123, 148.268398, 101.22482),
    (1.2355409, 5.9526456, 18.4320831, 45.4677273, 79.1265338, 104.84628, 137.246782, 149.547371, 164.67462,
     147.836356, 121.601012, 106.76637, 137.610401, 66.1576644),
)  # fmt: skip
_DEATHS = (
    (49.3, 53.1, 62.5, 82.5, 130.7, 218.1, 365.5, 585.2, 943.9, 1502.8, 2383.9, 3883.2, 6682.8, 14490.8),
    (74.354, 101.698, 145.937, 215.933, 315.077, 448.779, 632.281, 963.037, 1471.818, 2116.304, 3266.035, 4564.087,
     6835.185, 13271.262),
    (35.61, 40.38, 52.81, 88.75, 139.87, 207.69, 309.12, 469.60, 760.50, 1205.55, 1938.05, 2883.86, 4296.34, 7403.49),
    (31.29, 29.08, 35.15, 49.43, 78.07, 128.40, 203.25, 345.33, 586.74, 968.88, 1544.29, 2546.75, 4480.37, 11256.78),
    (21.0649076, 19.2644865, 24.4435215, 31.7895949, 47.3261994, 80.027138, 121.748023, 209.983651, 343.688919,
     609.740562, 1066.45268, 2014.86785, 3799.07966, 9833.39007),
    (17.3593803, 29.5805882, 22.8322534, 36.3242389, 59.0633044, 108.607949, 185.999997, 321.660097, 471.940214,
     853.53314, 1243.35117, 2023.01979, 3772.54983, 10614.9119),
    (22.9120979, 26.2988494, 31.484409, 39.4471908, 64.762261, 117.020233, 180.938038, 261.417057, 448.333068,
     739.366509, 1223.30597, 2112.70581, 3793.69548, 8513.85183),
    (56.3507269, 36.9640217, 101.991258, 123.401391, 209.834408, 298.293418, 540.24457, 959.147425, 1631.54726,
     2015.22291, 2735.48387, 5044.69987, 7226.20266, 14584.4504),
    (46.5500812, 60.046692, 85.1057138, 147.826538, 193.148679, 386.662396, 492.493231, 817.707181, 863.820289,
     1897.46584, 2925.75671, 3840.8981, 5286.95793, 7474.57211),
    (21.2632332, 24.2170741, 30.1552711, 36.9053354, 54.3002943, 89.3862331, 151.517224, 257.466955, 432.437043,
     741.962192, 1325.17651, 2229.14275, 4174.65506, 8748.58021),
)  # fmt: skip


def _categories(x: Values, m: Ops) -> tuple[Number, Number, Number, Number]:
    """Biopsies 0-2, menarche 0-2, first birth 0-3, relatives 0-2, with the mergers that each study made."""
    group = x.ancestry
    black, hispanic = m.flag(group == 1), m.flag(group == 2) + m.flag(group == 3)
    biopsies = m.minimum(x.biopsies, 2.0)
    biopsies = m.where(hispanic == 1, m.minimum(biopsies, 1.0), biopsies)
    menarche = m.flag(x.menarche < 14) + m.flag(x.menarche < 12)
    menarche = m.where(black == 1, m.minimum(menarche, 1.0), menarche)
    born = m.flag(x.first_birth >= 20) + m.flag(x.first_birth >= 25) + m.flag(x.first_birth >= 30)
    merged = m.flag(x.first_birth >= 20) + m.flag(x.first_birth >= 30)
    birth = m.where(x.nulliparous == 1, 2.0, m.where(hispanic == 1, merged, born))
    relatives = m.minimum(x.relatives, 2.0)
    relatives = m.where(group >= 2, m.minimum(relatives, 1.0), relatives)
    return biopsies, menarche, birth, relatives


def _hazards(x: Values, m: Ops) -> tuple[Number, Number]:
    """Relative risk times one minus attributable risk, below and from age 50."""
    biopsies, menarche, birth, relatives = _categories(x, m)
    beta = [m.pick(x.ancestry, [row[i] for row in _BETA]) for i in range(6)]
    hyperplasia = m.where(x.biopsies >= 1, m.pick(x.hyperplasia, (1.0, 0.93, 1.82)), 1.0)
    young = (
        m.log(hyperplasia)
        + biopsies * beta[0]
        + menarche * beta[1]
        + birth * beta[2]
        + relatives * beta[3]
        + birth * relatives * beta[5]
    )
    old = young + biopsies * beta[4]
    return (
        m.exp(young) * m.pick(x.ancestry, [row[0] for row in _BASE]),
        m.exp(old) * m.pick(x.ancestry, [row[1] for row in _BASE]),
    )


def _absolute(x: Values, m: Ops, until: Number) -> Number:
    """Probability in percent of breast cancer between the present age and `until`, with death as competing risk."""
    young, old = _hazards(x, m)
    risk: Number = 0.0 * x.age
    alive: Number = 1.0 + 0.0 * x.age
    for year in range(20, 90):
        band = (year - 20) // 5
        inside = m.maximum(m.minimum(until, year + 1.0) - m.maximum(x.age, float(year)), 0.0)
        cancer = m.pick(x.ancestry, [row[band] / 1e5 for row in _INCIDENCE]) * (young if year < 50 else old)
        total = cancer + m.pick(x.ancestry, [row[band] / 1e5 for row in _DEATHS])
        gone = 1 - m.exp(-total * inside)
        risk = risk + cancer / total * alive * gone
        alive = alive * (1 - gone)
    return 100 * risk


def _gail(x: Values, m: Ops) -> Mapping[str, Number]:
    return {"five_years": _absolute(x, m, x.age + 5), "lifetime": _absolute(x, m, 90.0 + 0.0 * x.age)}


_ASIAN = ("chinese", "japanese", "filipino", "hawaiian", "pacific_islander_other", "asian_other")
_GROUPS = {"white": 0.0, "black": 1.0, "hispanic_us_born": 2.0, "hispanic_foreign_born": 3.0}
_GROUPS |= {name: 4.0 + i for i, name in enumerate(_ASIAN)}
MODELS = (
    RiskModel(
        name="gail",
        title="Gail model (BCRAT)",
        field="cancer",
        purpose="Risk of invasive breast cancer in 5 years and to age 90.",
        population="Women aged 35 to 85 without breast cancer, DCIS, LCIS or a known BRCA1/2 variant",
        inputs=(
            Input("patient.age", low=35, high=84.999),
            Input("patient.sex", codes={"female": 0.0}),
            Input("patient.gail_group", "ancestry", codes=_GROUPS),
            Input("obstetric.menarche_age", "menarche", low=7, high=22, reference=14),
            Input("obstetric.first_birth_age", "first_birth", low=10, high=55, assume=20.0,
                  assume_why="no age at first birth is recorded (counts only for women who gave birth)"),
            Input("obstetric.nulliparous", "nulliparous"),
            Input("family_history.breast_cancer_relatives", "relatives", low=0, high=20, reference=0),
            Input("procedure.breast_biopsies", "biopsies", low=0, high=30, reference=0),
            Input("condition.breast_biopsy_hyperplasia", "hyperplasia",
                  codes={"unknown": 0.0, "absent": 1.0, "present": 2.0}, assume="unknown",
                  assume_why="atypical hyperplasia in a biopsy is not recorded", reference="unknown"),
        ),
        outputs=(
            Output("five_years", "5-year risk of invasive breast cancer", "probability", "%",
                   fact="risk_score.gail_5y", horizon_years=5, digits=2, link="cloglog"),
            Output("lifetime", "Risk of invasive breast cancer to age 90", "probability", "%",
                   fact="risk_score.gail_lifetime", link="cloglog"),
        ),
        formula=_gail,
        source="Gail MH et al. J Natl Cancer Inst 1989;81:1879-1886 and updates (BCRAT version 4)",
        doi="10.1093/jnci/81.24.1879",
        limits="Not after chest "
        "radiotherapy. Risks as low as this model gives are not for women with hereditary syndromes.",
        rules=(
            Rule("condition.breast_cancer", False, "it is for women without breast cancer before"),
            Rule("condition.ductal_carcinoma_in_situ", False, "it is for women without DCIS before"),
            Rule("condition.lobular_carcinoma_in_situ", False, "it is for women without LCIS before"),
            Rule("germline.BRCA1", False, "a BRCA1 variant needs another model"),
            Rule("germline.BRCA2", False, "a BRCA2 variant needs another model"),
            Rule("family_history.brca_variant", False,
                 "it does not count a BRCA1 or BRCA2 variant in the family, for which she is to be tested"),
        ),
        relevant=("patient.gail_group",),
    ),
)  # fmt: skip
