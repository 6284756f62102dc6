export { readApprovalRequest, replaceApprovalRequest, writeApprovalRequest } from './approval-file.ts'
export {
  type ApprovalRequest,
  type ApprovalRequestContent,
  approvalRequest,
  openApprovalRequest,
} from './approval-request.ts'
export { type ApproveComponents, approveRequest, checkRequest } from './approve-request.ts'
