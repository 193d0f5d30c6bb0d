"""Procedural respondents for data/schema.yaml: how they come about is said here, not learned."""

import numpy as np
import pandas as pd

SCHOOL = {  # by years of school: the degree, its share, and the age at which people have it
    7: ("11th", 0.1, 17),
    9: ("HS-grad", 0.35, 18),
    10: ("Some-college", 0.2, 19),
    12: ("Assoc-acdm", 0.1, 21),
    13: ("Bachelors", 0.17, 22),
    14: ("Masters", 0.07, 24),
    16: ("Doctorate", 0.01, 28),
}
JOBS = {  # by the least years of school that they take
    13: ["Exec-managerial", "Prof-specialty"],
    9: ["Adm-clerical", "Craft-repair", "Sales", "Tech-support"],
    0: ["Handlers-cleaners", "Machine-op-inspct", "Transport-moving"],
}
NOT_STATED = "not stated"  # sensitive columns: no value of them may stand in this file


def generate(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return `n` respondents; the same `rng` gives the same ones."""
    years = rng.choice(list(SCHOOL), n, p=[share for _, share, _ in SCHOOL.values()])
    age = rng.integers([SCHOOL[year][2] for year in years], 75)
    least = np.select([years >= 13, years >= 9], [13, 9], 0)
    married = rng.random(n) < np.clip((age - 18) / 30, 0, 0.6)
    spouse = rng.choice(["Husband", "Wife"], n)
    hours = np.where(age < 65, rng.normal(41, 8, n), rng.normal(25, 8, n)).round().clip(5, 80)
    return pd.DataFrame(
        {
            "age": age,
            "workclass": rng.choice(
                ["Private", "Self-emp-not-inc", "Local-gov"], n, p=[0.8, 0.1, 0.1]
            ),
            "education": [SCHOOL[year][0] for year in years],
            "education-num": years,
            "marital-status": np.where(married, "Married-civ-spouse", "Never-married"),
            "occupation": [rng.choice(JOBS[one]) for one in least],
            "relationship": np.where(
                married, spouse, np.where(age < 22, "Own-child", "Not-in-family")
            ),
            "race": NOT_STATED,
            "gender": NOT_STATED,
            "capital-gain": 0,
            "capital-loss": 0,
            "hours-per-week": hours,
            "native-country": NOT_STATED,
            "income": np.where(earns(age, years, hours, married, rng), ">50K", "<=50K"),
        }
    )


def earns(
    age: np.ndarray,
    years: np.ndarray,
    hours: np.ndarray,
    married: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Say who earns more than 50K: school, experience and hours, and two incomes in a household."""
    score = 0.4 * (years - 13) + 0.05 * (age.clip(max=50) - 40) + 0.05 * (hours - 40) + 2 * married
    return score + rng.logistic(0, 1, len(age)) > 1.2
