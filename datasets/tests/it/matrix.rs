//! Sparse rows and their classes, made of arrays: what is refused, and what is told of them.

use datasets::{Csr, Split};

/// Three rows of four columns: the second is empty.
fn rows() -> Csr {
    Csr::new(4, vec![0, 2, 2, 3], vec![0, 3, 1], vec![1.0, -2.0, 0.5]).unwrap()
}

#[test]
fn rows_are_told_as_they_were_given() {
    let rows = rows();
    assert_eq!((rows.rows(), rows.cols(), rows.nnz()), (3, 4, 3));
    assert_eq!(
        (rows.indptr(), rows.indices()),
        (&[0, 2, 2, 3][..], &[0, 3, 1][..])
    );
    assert_eq!(rows.values(), [1.0, -2.0, 0.5]);
    assert_eq!(rows.row(0), (&[0, 3][..], &[1.0, -2.0][..]));
    assert_eq!(rows.row(1), (&[][..], &[][..]));
    assert_eq!(rows.density(), 0.25);
    let dense = [1.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0];
    assert_eq!(rows.to_dense(), dense);
    let last = rows.slice(1..3);
    assert_eq!(
        last,
        Csr::new(4, vec![0, 0, 1], vec![1], vec![0.5]).unwrap()
    );
    assert_eq!(rows.slice(3..3).rows(), 0);
    assert_eq!(Csr::new(0, vec![0], vec![], vec![]).unwrap().density(), 0.0);
}

#[test]
fn arrays_that_are_no_matrix_are_refused_with_what_is_wrong() {
    for (cols, starts, columns, values, told) in [
        (
            4,
            vec![0, 1],
            vec![0, 1],
            vec![1.0],
            "2 columns for 1 values",
        ),
        (
            4,
            vec![1, 1],
            vec![0],
            vec![1.0],
            "do not run from 0 to the 1",
        ),
        (
            4,
            vec![0, 2],
            vec![0],
            vec![1.0],
            "do not run from 0 to the 1",
        ),
        (4, vec![], vec![], vec![], "do not run from 0 to the 0"),
        (
            4,
            vec![0, 2, 1, 2],
            vec![0, 1],
            vec![1.0; 2],
            "row starts descend",
        ),
        (
            4,
            vec![0, 2],
            vec![1, 1],
            vec![1.0; 2],
            "row 0: columns do not ascend",
        ),
        (
            4,
            vec![0, 1, 2],
            vec![0, 4],
            vec![1.0; 2],
            "row 1: a column is not below 4",
        ),
        (4, vec![0, 1], vec![0], vec![0.0], "the value 0 is stored"),
        (
            4,
            vec![0, 1],
            vec![0],
            vec![f32::NAN],
            "the value NaN is stored",
        ),
    ] {
        let said = Csr::new(cols, starts, columns, values)
            .unwrap_err()
            .to_string();
        assert!(said.contains(told), "{told}: {said}");
    }
}

#[test]
fn each_row_has_a_class_that_there_is() {
    let split = Split::new(rows(), vec![1, 0, 1], 2).unwrap();
    assert_eq!((split.len(), split.is_empty()), (3, false));
    assert_eq!((split.density(), split.class_counts(2)), (0.25, vec![1, 2]));
    assert_eq!(split.class_counts(4), [1, 2, 0, 0]);
    assert_eq!(split.to_dense(), rows().to_dense());
    assert!(
        Split::new(Csr::new(1, vec![0], vec![], vec![]).unwrap(), vec![], 2)
            .unwrap()
            .is_empty()
    );
    let said = |labels, classes| Split::new(rows(), labels, classes).unwrap_err().to_string();
    assert!(said(vec![0, 1], 2).contains("2 labels for 3 rows"));
    assert!(said(vec![0, 1, 2], 2).contains("class 2 where there are 2 classes"));
}
