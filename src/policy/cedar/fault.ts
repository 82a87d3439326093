/** An error of Cedar evaluation: a type error, an absent attribute, an overflow. It makes the decision a denial. */
export class EvaluationFault extends Error {
  override readonly name = 'EvaluationFault';
}
