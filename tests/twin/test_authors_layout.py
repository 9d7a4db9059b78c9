import numpy as np
from scipy import sparse

import horn_neuro as hn
from horn_neuro.twin import load_checkpoint, save_checkpoint


def test_a_sparse_network_is_written_dense(tmp_path):
    params = hn.effenberger_2025(5, seed=1).replace(w_rec=sparse.diags_array([1.0, 2, 3, 4, 5]))
    save_checkpoint(params, tmp_path / "net.pt")
    assert np.array_equal(load_checkpoint(tmp_path / "net.pt").w_rec, np.diag([1.0, 2, 3, 4, 5]))
