"""LinUCB with hybrid arms, line by line from Algorithm 2 of Li, Chu, Langford & Schapire 2010, with its inverses.

`step` is a visit in numpy, for all arms of a trial at once where the paper loops over them: what one would write who
knows numpy, and what the compiled form is timed beside.
"""

import numpy as np


class HybridLinUCB:
    """What Algorithm 2 keeps.

    Args:
        K: arms.
        d: features x of a trial, the same for all arms.
        k: features z of a trial and an arm.
        alpha: width of the bound.
        ridge: the identity matrices of lines 1 and 8 are multiplied by it.
    """

    def __init__(self, K, d, k, alpha, ridge):
        self.alpha = alpha
        self.A0, self.b0 = ridge * np.eye(k), np.zeros(k)  # lines 1 and 2
        self.A = np.tile(ridge * np.eye(d), (K, 1, 1))  # line 8
        self.B, self.b = np.zeros((K, d, k)), np.zeros((K, d))  # lines 9 and 10

    def bounds(self, x, z):
        """The upper confidence bounds (K,) of a trial, from x (d,) and z (K, k): lines 5 to 14."""
        A0_inv = np.linalg.inv(self.A0)
        beta = A0_inv @ self.b0  # line 5
        A_inv = np.linalg.inv(self.A)
        theta = np.einsum("aij,aj->ai", A_inv, self.b - self.B @ beta)  # line 12
        A_inv_x = A_inv @ x
        B_A_inv_x = np.einsum("aik,ai->ak", self.B, A_inv_x)
        A0_inv_B = B_A_inv_x @ A0_inv
        s = (  # line 13
            ((z @ A0_inv) * z).sum(axis=1)
            - 2 * (z * A0_inv_B).sum(axis=1)
            + A_inv_x @ x
            + (A0_inv_B * B_A_inv_x).sum(axis=1)
        )
        return z @ beta + theta @ x + self.alpha * np.sqrt(s)  # line 14

    def learn(self, x, z, reward, a):
        """Lines 17 to 23, from x (d,) and z (k,) of the arm a that was chosen."""
        B_A_inv = self.B[a].T @ np.linalg.inv(self.A[a])
        self.A0 += B_A_inv @ self.B[a]  # line 17
        self.b0 += B_A_inv @ self.b[a]  # line 18
        self.A[a] += np.outer(x, x)  # line 19
        self.B[a] += np.outer(x, z)  # line 20
        self.b[a] += reward * x  # line 21
        B_A_inv = self.B[a].T @ np.linalg.inv(self.A[a])
        self.A0 += np.outer(z, z) - B_A_inv @ self.B[a]  # line 22
        self.b0 += reward * z - B_A_inv @ self.b[a]  # line 23

    def step(self, x, z, available, rewards, tie):
        """One trial: the arm that is chosen (line 16), after it has learnt; `tie` breaks ties as in `linucb`."""
        p = np.where(available, self.bounds(x, z), -np.inf)
        tied = np.flatnonzero(p >= p.max() - 1e-9)
        a = tied[int(tie * len(tied))]
        self.learn(x, z[a], rewards[a], a)
        return a
